# Make a folder, fill it, start the web server, wait until it answers.
begin( description="Web server", expected_time=0:03 )
  agent.workdir( path="web" )
  begin( description="Files" )
    agent.add( template="index.html", to="web/index.html" )
    agent.add( template="server.mjs", to="web/server.mjs" )
  end
  begin( description="Service" )
    agent.service( name="web", command=[ "node", "server.mjs" ], cwd="web", watch=[ "web/index.html", "web/server.mjs" ] )
    agent.wait( host=structure.address, port=config.http_port, seconds=20 )
  end
end
