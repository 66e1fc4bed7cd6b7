"""Getting, configuring and running Asterisk: the private instance and the simulated telephone network."""
