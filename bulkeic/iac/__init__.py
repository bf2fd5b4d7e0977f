"""Infrastructure as code: Terraform and CloudFormation, read and written."""
