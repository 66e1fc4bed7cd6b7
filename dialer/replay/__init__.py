"""Facts on file: what entered the floor is recorded, and can be fed to a floor again."""
