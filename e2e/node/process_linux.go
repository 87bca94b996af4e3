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
		folder := filepath.Dir(file)
		found, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			return Process{}, err
		}
		user, err := userOf(folder)
		return Process{found, user}, err
	}
	return Process{}, fmt.Errorf("container %s of Pod %s/%s has no process", container, namespace, pod)
}

func userOf(folder string) (int, error) {
	text, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Uid:" {
			return strconv.Atoi(fields[1])
		}
	}
	return 0, fmt.Errorf("%s/status names no user", folder)
}
