"""The JSON documents of results, one module for each group of commands."""
