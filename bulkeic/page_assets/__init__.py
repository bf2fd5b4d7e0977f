"""The style and the script that all pages share: files only, which nothing imports."""
