# A folder becomes a machine: make it, then start its agent.
begin( description="Make the machine", expected_time=0:02 )
  foundation.create()
  foundation.power_on()
end
