"""Other people's files and messages, made ours."""
