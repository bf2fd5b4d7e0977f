"""CloudFormation: templates, SAM's included."""
