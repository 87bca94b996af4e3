package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Process is a program that runs in a container.
type Process struct {
	ID int
	// User is the number of the user as whom it runs.
	User int
}

// Process is the first process of a container of a Pod, as the node sees it.
func (n *Node) Process(namespace, pod, container string) (Process, error) {
	object, err := n.Cluster.Admin.Get("/api/v1/namespaces/" + namespace + "/pods/" + pod)
	if err != nil {
		return Process{}, err
	}
	id := ""
	for _, field := range []string{"containerStatuses", "initContainerStatuses"} {
		all, _, _ := unstructured.NestedSlice(object.Object, "status", field)
		for _, s := range all {
			if s := s.(map[string]any); s["name"] == container {
				id = strings.TrimPrefix(fmt.Sprint(s["containerID"]), "containerd://")
			}
		}
	}
	if id == "" {
		return Process{}, fmt.Errorf("Pod %s/%s has no container %s yet", namespace, pod, container)
	}
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return Process{}, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "/"+id) {
			continue // it may have ended by now
		}
		status, err := statusOf(filepath.Dir(file))
		if ids := status["NSpid"]; err == nil && len(ids) > 0 && ids[len(ids)-1] == 1 { // and no probe that is run beside it
			return Process{ids[0], status["Uid"][0]}, nil
		}
	}
	return Process{}, fmt.Errorf("container %s of Pod %s/%s has no process", container, namespace, pod)
}

// statusOf are the fields of a process's status that are numbers.
func statusOf(folder string) (map[string][]int, error) {
	text, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return nil, err
	}
	status := map[string][]int{}
	for line := range strings.Lines(string(text)) {
		name, values, _ := strings.Cut(line, ":")
		for _, value := range strings.Fields(values) {
			if n, err := strconv.Atoi(value); err == nil {
				status[name] = append(status[name], n)
			}
		}
	}
	return status, nil
}
