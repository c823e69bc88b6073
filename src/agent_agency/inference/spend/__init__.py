"""What calls of remote engines cost: caps that hold before a call, and a switch that stops them all."""
