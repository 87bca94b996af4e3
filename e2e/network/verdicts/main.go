// Command verdicts says which connections the engine of kube-network-policies would
// let come about. It reads objects and connections, and prints a verdict for each:
//
//	verdicts <<< '{"pods": [...], "namespaces": [...], "policies": [...],
//	  "connections": [{"from": "10.0.0.1", "to": "10.0.0.2", "port": 8080}]}'
//	[true]
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/istio-tenancy/istio-tenancy/e2e/network"
)

// question is what is asked.
type question struct {
	network.Objects
	Connections []struct {
		From, To string
		Port     int
	}
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "verdicts:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var q question
	if err := json.NewDecoder(in).Decode(&q); err != nil {
		return err
	}
	engine, err := network.New(q.Objects)
	if err != nil {
		return err
	}
	verdicts := make([]bool, len(q.Connections))
	for i, c := range q.Connections {
		if verdicts[i], err = engine.Allows(c.From, c.To, c.Port); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(verdicts)
}
