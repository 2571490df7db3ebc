package org.protostar

/** One deploy of a service at a time. Taken before an agent is: who waits holds no executor. */
class Turn implements Serializable {

    private static final long serialVersionUID = 1L

    private final Object script
    private final Map settings

    Turn(Object script, Settings settings) {
        this.script = script
        this.settings = settings.values
    }

    /** The newest of those that wait comes first, and older ones of the same job end there. With now: at once. */
    void take(Closure body) {
        if (settings.now) {
            body()
            return
        }
        script.lock(resource: "protostar-${settings.service}", inversePrecedence: true) {
            if (settings.skipOlder) {
                script.milestone()
            }
            body()
        }
    }

}
