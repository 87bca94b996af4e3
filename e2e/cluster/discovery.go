package cluster

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Resource is how an API server serves a kind, or a part of one.
type Resource struct {
	APIVersion string   `json:"-"`
	Name       string   `json:"name"` // with its subresource: pods/status
	Kind       string   `json:"kind"`
	Namespaced bool     `json:"namespaced"`
	Verbs      []string `json:"verbs"`
	// Group and Version are the kind's, if they are not APIVersion's.
	Group   string `json:"group"`
	Version string `json:"version"`
}

// Subresource is "status" for pods/status.
func (r Resource) Subresource() string {
	_, sub, _ := strings.Cut(r.Name, "/")
	return sub
}

// Can says whether the resource has a verb.
func (r Resource) Can(verb string) bool { return slices.Contains(r.Verbs, verb) }

// Collection is the path of the resource's list: in a namespace, or in the
// cluster if namespace is empty.
func (r Resource) Collection(namespace string) string {
	name, _, _ := strings.Cut(r.Name, "/")
	if namespace == "" {
		return root(r.APIVersion) + "/" + name
	}
	return root(r.APIVersion) + "/namespaces/" + namespace + "/" + name
}

// Item is the path of one object's, or of its subresource.
func (r Resource) Item(namespace, name string) string {
	path := r.Collection(namespace) + "/" + name
	if sub := r.Subresource(); sub != "" {
		path += "/" + sub
	}
	return path
}

// Resources are all that the API server serves, each in its preferred version.
func (c *Client) Resources() ([]Resource, error) {
	versions := []string{"v1"}
	groups, err := c.Get("/apis")
	if err != nil {
		return nil, err
	}
	list, _, _ := unstructured.NestedSlice(groups.Object, "groups")
	for _, group := range list {
		version, _, _ := unstructured.NestedString(group.(map[string]any), "preferredVersion", "groupVersion")
		versions = append(versions, version)
	}
	var all []Resource
	for _, version := range versions {
		served, err := c.Served(version)
		if err != nil {
			return nil, err
		}
		all = append(all, served...)
	}
	return all, nil
}

// Everything reads every object of every kind that can be listed.
func (c *Client) Everything() ([]*Object, error) {
	resources, err := c.Resources()
	if err != nil {
		return nil, err
	}
	var all []*Object
	for _, r := range resources {
		if !r.Can("list") {
			continue
		}
		items, err := c.Items(r.Collection(""))
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			item.SetAPIVersion(r.APIVersion)
			item.SetKind(r.Kind)
		}
		all = append(all, items...)
	}
	return all, nil
}

// Served are the resources of a group and version.
func (c *Client) Served(apiVersion string) ([]Resource, error) {
	answer, err := c.Do(http.MethodGet, root(apiVersion), "")
	if err := errors.Join(err, answer.Error()); err != nil {
		return nil, err
	}
	var list struct{ Resources []Resource }
	if err := json.Unmarshal(answer.Body, &list); err != nil {
		return nil, err
	}
	for i := range list.Resources {
		list.Resources[i].APIVersion = apiVersion
	}
	return list.Resources, nil
}
