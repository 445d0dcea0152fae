# A container becomes a machine: make it, then start it with its agent.
begin( description="Make the machine", expected_time=0:03 )
  foundation.create()
  foundation.power_on()
end
