// Command app answers on every port that it is given, in plain text: who was
// called, by whom.
//
//	app 8080 9090
package main

import (
	"fmt"
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
		go func() { ended <- http.ListenAndServe(":"+port, handler) }()
	}
	fmt.Fprintln(os.Stderr, <-ended)
	os.Exit(1)
}
