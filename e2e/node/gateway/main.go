// Command gateway listens in Envoy's place: on the ports of an Istio gateway,
// whatever it is told by the arguments that are meant for pilot-agent. That it
// answers tells that the connection came about; to Prometheus, the answer is a comment.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

// ports are those of listeners (80, 443, 8080, 8443), those of pilot-agent and
// Envoy that are open in a Pod's network (15020, 15021, 15090), and 15008, where
// waypoints and ztunnel meet.
var ports = []string{"80", "443", "8080", "8443", "15008", "15020", "15021", "15090"}

func main() {
	ended := make(chan error)
	for _, port := range ports {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() { ended <- http.Serve(listener, http.HandlerFunc(answer)) }()
	}
	fmt.Fprintln(os.Stderr, <-ended)
	os.Exit(1)
}

func answer(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "#", r.RemoteAddr) }
