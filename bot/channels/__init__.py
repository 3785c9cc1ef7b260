"""The channels of credentials.yml: the chat widget's server side, and the REST webhook for messaging platforms."""
