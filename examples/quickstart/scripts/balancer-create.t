# Ask the inventory who the members are, write them down, start the balancer, wait until it answers.
begin( description="Balancer", expected_time=0:03 )
  agent.workdir( path="balancer" )
  members = inventory.structures( blueprint="web" )
  begin( description="Files" )
    agent.add( template="members.json", to="balancer/members.json", values={ members=members } )
    agent.add( template="server.mjs", to="balancer/server.mjs" )
  end
  begin( description="Service" )
    agent.service( name="balancer", command=[ "node", "server.mjs" ], cwd="balancer", watch=[ "balancer/members.json", "balancer/server.mjs" ] )
    agent.wait( host=structure.address, port=config.http_port, seconds=20 )
  end
end
