// Command app answers on every port that it is given, in plain text: who was
// called, by whom.
//
//	app 8080 9090
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	name, _ := os.Hostname()
	ended := make(chan error)
	for _, port := range os.Args[1:] {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s:%s called by %s\n", name, port, r.RemoteAddr)
		})
		listener, err := net.Listen("tcp", ":"+port) // in their order, so that who waits for the last has all
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() { ended <- http.Serve(listener, handler) }()
	}
	fmt.Fprintln(os.Stderr, <-ended)
	os.Exit(1)
}
