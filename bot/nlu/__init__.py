"""Understanding: the components of config.yml, each in a file named after its class."""
