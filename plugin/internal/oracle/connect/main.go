// Command connect says which connections the model of the network would let come
// about. It reads documents with objects and connections, and prints a line for each:
//
//	connect <<< '{"objects": [...], "connections": [{"from": {"namespace": "ns-1", ...}, "to": {...}, "protocol": "TCP", "port": 8080}]}'
//	[{"allowed": true, "by": ["NetworkPolicy ns-1/allow Ingress 0"]}]
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/netpol"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

type question struct {
	Objects     []map[string]any
	Connections []struct {
		From, To netpol.Pod
		Protocol corev1.Protocol
		Port     int32
	}
}

type answer struct {
	Allowed bool     `json:"allowed"`
	By      []string `json:"by"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "connect:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	for questions := json.NewDecoder(in); ; {
		var q question
		if err := questions.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var objects []*snapshot.Object
		for _, content := range q.Objects {
			o := unstructured.Unstructured{Object: content}
			id := object.ID{Group: o.GroupVersionKind().Group, Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
			objects = append(objects, &snapshot.Object{ID: id, Source: snapshot.Source{File: "stdin"}, Content: content})
		}
		network, err := netpol.New(snapshot.New(objects, nil))
		if err != nil {
			return err
		}
		answers := make([]answer, len(q.Connections))
		for i, c := range q.Connections {
			verdict := network.Allows(c.From, c.To, c.Protocol, c.Port)
			answers[i].Allowed = verdict.Allowed
			for _, by := range verdict.By {
				answers[i].By = append(answers[i].By, by.Policy.String()+" "+string(by.Direction)+" "+strconv.Itoa(by.Index))
			}
		}
		if err := json.NewEncoder(out).Encode(answers); err != nil {
			return err
		}
	}
}
