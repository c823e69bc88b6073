"""How fast an engine answers a load that has the shape of judging, measured on this machine."""
