/** Among the `blueprints` of a site: a foundation of this machine itself, made and taken away. */
export const LOCAL_MACHINE = `machine:
    builds: foundation
    foundation_types: [local]
    scripts:
      create: |
        foundation.create()
        foundation.power_on()
      destroy: |
        foundation.power_off()
        foundation.destroy()`;
