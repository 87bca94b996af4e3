// Command dashboard listens in the place of Grafana, Kiali and Jaeger: on the ports of
// all three, whatever it is told by arguments that are meant for them. It answers every
// request as metrics are answered, and probes. At /ask?url=URL it asks another program
// from its own Pod, by the names that are known there, and answers what that answered,
// or 502 Bad Gateway.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// ports are those of Grafana (3000), of Kiali (20001, and 9090 for its metrics), and of
// Jaeger: who looks at traces (16685, 16686), who has some (4317, 4318, 9411), its
// metrics (8888) and its health (13133).
var ports = []string{"3000", "20001", "9090", "16685", "16686", "4317", "4318", "9411", "8888", "13133"}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "dashboard_here 1") })
	http.HandleFunc("/ask", ask)
	ended := make(chan error)
	for _, port := range ports {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() { ended <- http.Serve(listener, nil) }()
	}
	fmt.Fprintln(os.Stderr, <-ended)
	os.Exit(1)
}

func ask(w http.ResponseWriter, r *http.Request) {
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Get(r.FormValue("url"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body)
}
