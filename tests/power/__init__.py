"""How often the hotspot methods cry wolf, and how often they miss one."""
