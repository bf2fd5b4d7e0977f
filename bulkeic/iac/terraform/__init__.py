"""Terraform and OpenTofu: states and plans, and the language."""
