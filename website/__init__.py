"""The website of the documentation: settings of Sphinx, checks and pictures."""
