# Stop the service this structure runs.
begin( description="Stop the service", expected_time=0:02 )
  agent.service( name=structure.blueprint, state="absent" )
end
