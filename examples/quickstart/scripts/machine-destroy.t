# Stop everything that runs on the machine, then take it away.
begin( description="Remove the machine", expected_time=0:02 )
  foundation.power_off()
  foundation.destroy()
end
