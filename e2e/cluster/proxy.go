package cluster

import (
	"fmt"
	"io"
	"net"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// serve stands in for kube-proxy, for a Service with one Pod: what connects to
// a port of the Service's address is connected to the Pod's. It returns what
// ends it.
func serve(service *Object, pod string) (stop func(), err error) {
	address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	var listeners []net.Listener
	stop = func() {
		for _, listener := range listeners {
			listener.Close()
		}
	}
	for _, item := range ports {
		port := item.(map[string]any)
		from := fmt.Sprint(port["port"])
		to := from
		if target, ok := port["targetPort"]; ok {
			to = fmt.Sprint(target)
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(address, from))
		if err != nil {
			stop()
			return nil, err
		}
		listeners = append(listeners, listener)
		go forward(listener, net.JoinHostPort(pod, to))
	}
	return stop, nil
}

func forward(listener net.Listener, to string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // it was closed
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer server.Close()
			go func() {
				io.Copy(server, client)
				server.(*net.TCPConn).CloseWrite()
			}()
			io.Copy(client, server)
		}()
	}
}
