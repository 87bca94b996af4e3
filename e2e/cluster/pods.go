package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const nodeName = "node-1"

// RunPods does to every pod that is pending what a scheduler and a kubelet
// would: it binds it to a node and calls it running, ready, and reachable at an
// address of its own; and it confirms that deleted pods have ended. Nothing is
// started.
func (c *Cluster) RunPods() error {
	if err := c.addNode(); err != nil {
		return err
	}
	pods, err := c.Admin.Items("/api/v1/pods")
	if err != nil {
		return err
	}
	var failed []error
	for _, pod := range pods {
		phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
		switch {
		case pod.GetDeletionTimestamp() != nil:
			answer, err := c.Admin.Do(http.MethodDelete, pathOf(pod)+"?gracePeriodSeconds=0", "")
			if answer.Code != http.StatusNotFound {
				failed = append(failed, errors.Join(err, answer.Error()))
			}
		case phase == "Pending":
			failed = append(failed, c.runPod(pod))
		}
	}
	return errors.Join(failed...)
}

func pathOf(pod *Object) string {
	return "/api/v1/namespaces/" + pod.GetNamespace() + "/pods/" + pod.GetName()
}

// addNode makes the node, unless there is one.
func (c *Cluster) addNode() error {
	answer, err := c.Admin.Do(http.MethodPost, "/api/v1/nodes", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"`+nodeName+`"}}`)
	if err == nil && answer.Code != http.StatusConflict {
		err = answer.Error()
	}
	return err
}

// runPodAt calls one pod running, at an address that something listens on.
func (c *Cluster) runPodAt(namespace, name, address string) error {
	if err := c.addNode(); err != nil {
		return err
	}
	pod, err := c.Admin.Get("/api/v1/namespaces/" + namespace + "/pods/" + name)
	if err != nil {
		return err
	}
	return c.call(pod, address)
}

func (c *Cluster) runPod(pod *Object) error {
	c.pods++
	return c.call(pod, fmt.Sprintf("10.%d.%d.%d", c.net+1, c.pods/250, c.pods%250+1))
}

// call calls a pod running, at an address.
func (c *Cluster) call(pod *Object, address string) error {
	path := pathOf(pod)
	if node, _, _ := unstructured.NestedString(pod.Object, "spec", "nodeName"); node == "" {
		binding := fmt.Sprintf(`{"apiVersion":"v1","kind":"Binding","metadata":{"name":%q},"target":{"kind":"Node","name":%q}}`,
			pod.GetName(), nodeName)
		if err := c.mustDo(http.MethodPost, path+"/binding", binding); err != nil {
			return err
		}
	}
	specs, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	var containers []any
	for _, spec := range specs {
		container := spec.(map[string]any)
		containers = append(containers, map[string]any{
			"name": container["name"], "image": container["image"], "imageID": "", "ready": true, "restartCount": 0,
			"state": map[string]any{"running": map[string]any{"startedAt": pod.GetCreationTimestamp()}},
		})
	}
	status, err := json.Marshal(map[string]any{"status": map[string]any{
		"phase": "Running", "podIP": address, "podIPs": []any{map[string]any{"ip": address}},
		"startTime": pod.GetCreationTimestamp(), "containerStatuses": containers,
		"conditions": []any{
			map[string]any{"type": "Ready", "status": "True"},
			map[string]any{"type": "ContainersReady", "status": "True"},
			map[string]any{"type": "Initialized", "status": "True"},
			map[string]any{"type": "PodScheduled", "status": "True"},
		},
	}})
	if err != nil {
		return err
	}
	return c.mustDo(http.MethodPatch, path+"/status", string(status))
}

// mustDo is a request of the cluster administrator that has to succeed.
func (c *Cluster) mustDo(method, path, body string) error {
	answer, err := c.Admin.Do(method, path, body)
	if err := errors.Join(err, answer.Error()); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
