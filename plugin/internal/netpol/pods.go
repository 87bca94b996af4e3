package netpol

import (
	"errors"
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"k8s.io/apimachinery/pkg/runtime"
)

// Pod is an end of a connection.
type Pod struct {
	Namespace string
	Labels    map[string]string
	Ports     []Port
	// HostNetwork: it has the network of its node, so that no NetworkPolicy selects it.
	HostNetwork bool
	// Address is its own address; the zero value: it is not known.
	Address netip.Addr
	// Of is the workload that creates it, or the Pod itself; the zero value: the Pod
	// is hypothetical.
	Of object.ID
}

// Port is a port that a container declares.
type Port struct {
	Name     string
	Protocol corev1.Protocol
	Number   int32
}

// templates are where kinds have the metadata and the spec of their Pods.
var templates = []struct {
	group, kind string
	path        []string
}{
	{"", "Pod", nil},
	{"", "ReplicationController", []string{"spec", "template"}},
	{"apps", "Deployment", []string{"spec", "template"}},
	{"apps", "StatefulSet", []string{"spec", "template"}},
	{"apps", "DaemonSet", []string{"spec", "template"}},
	{"apps", "ReplicaSet", []string{"spec", "template"}},
	{"extensions", "Deployment", []string{"spec", "template"}},
	{"extensions", "DaemonSet", []string{"spec", "template"}},
	{"batch", "Job", []string{"spec", "template"}},
	{"batch", "CronJob", []string{"spec", "jobTemplate", "spec", "template"}},
}

// Pods are the Pods that the snapshot's workloads create in a namespace, in order.
func (n *Network) Pods(namespace string) []Pod { return n.pods[namespace] }

func (n *Network) readPods(s *snapshot.Snapshot) error {
	var errs []error
	for _, t := range templates {
		for _, o := range s.Of(t.group, t.kind) {
			content := o.Content
			for _, field := range t.path {
				content, _ = content[field].(map[string]any)
			}
			if content == nil {
				continue // a workload without Pods
			}
			var pod corev1.Pod
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &pod); err != nil {
				errs = append(errs, errors.Join(errors.New(o.Source.String()+": "+o.ID.String()), err))
				continue
			}
			n.pods[o.ID.Namespace] = append(n.pods[o.ID.Namespace], podOf(o.ID, &pod))
		}
	}
	return errors.Join(errs...)
}

func podOf(id object.ID, pod *corev1.Pod) Pod {
	p := Pod{Namespace: id.Namespace, Labels: pod.Labels, HostNetwork: pod.Spec.HostNetwork, Of: id}
	p.Address, _ = netip.ParseAddr(pod.Status.PodIP) // a manifest has none
	containers := pod.Spec.Containers
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			containers = append(containers, c)
		}
	}
	for _, c := range containers {
		for _, port := range c.Ports {
			if port.Protocol == "" {
				port.Protocol = corev1.ProtocolTCP
			}
			p.Ports = append(p.Ports, Port{port.Name, port.Protocol, port.ContainerPort})
		}
	}
	return p
}
