package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Object is a Kubernetes object.
type Object = unstructured.Unstructured

// Parse reads a stream of YAML documents.
func Parse(stream []byte) ([]*Object, error) {
	var objects []*Object
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	for {
		object := &Object{}
		switch err := decoder.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("document %d: %w", len(objects)+1, err)
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

// ID names an object: Kind namespace/name.
func ID(o *Object) string {
	if o.GetNamespace() == "" {
		return o.GetKind() + " " + o.GetName()
	}
	return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
}

// Apply applies the objects in their order, server-side, with strict field
// validation and without force, and returns them as they are stored. Every
// refused object is in the error. It waits for CustomResourceDefinitions.
func (c *Client) Apply(objects []*Object) ([]*Object, error) {
	var stored []*Object
	var refused []error
	for _, object := range objects {
		result, err := c.applyOne(object)
		if err != nil {
			refused = append(refused, fmt.Errorf("%s: %w", ID(object), err))
			continue
		}
		stored = append(stored, result)
	}
	return stored, errors.Join(refused...)
}

func (c *Client) applyOne(object *Object) (*Object, error) {
	path, err := c.Path(object)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	answer, err := c.Do(http.MethodPatch, path+"?fieldManager=e2e&fieldValidation=Strict", string(body))
	if err := errors.Join(err, answer.Error()); err != nil {
		return nil, err
	}
	result := &Object{}
	if err := json.Unmarshal(answer.Body, &result.Object); err != nil {
		return nil, err
	}
	if object.GetKind() == "CustomResourceDefinition" {
		return result, c.established(path)
	}
	return result, nil
}

func (c *Client) established(path string) error {
	return Eventually(30*time.Second, func() error {
		crd, err := c.Get(path)
		if err != nil {
			return err
		}
		return MustBe(crd, "Established")
	})
}

// Read reads an object's stored state.
func (c *Client) Read(object *Object) (*Object, error) {
	path, err := c.Path(object)
	if err != nil {
		return nil, err
	}
	return c.Get(path)
}

// Delete deletes the objects in their order, as kubectl delete -f does; those
// that are gone already, and those whose kind is, count as deleted.
func (c *Client) Delete(objects []*Object) error {
	var refused []error
	for _, object := range objects {
		path, err := c.Path(object)
		if errors.Is(err, ErrNoKind) {
			continue
		}
		answer, doErr := c.Do(http.MethodDelete, path, "")
		if answer.Code == http.StatusNotFound {
			continue
		}
		if err := errors.Join(err, doErr, answer.Error()); err != nil {
			refused = append(refused, fmt.Errorf("%s: %w", ID(object), err))
		}
	}
	return errors.Join(refused...)
}

// Eventually calls f until it returns nil, and returns its last error when the
// time is over. It calls more and more rarely, since what takes long would be
// slowed down by being asked for.
func Eventually(limit time.Duration, f func() error) error {
	deadline := time.Now().Add(limit)
	for pause := 50 * time.Millisecond; ; pause = min(pause*5/4, 400*time.Millisecond) {
		err := f()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

// ErrNoKind is the error for a kind that the API server does not serve.
var ErrNoKind = errors.New("the API server has no such kind")

// Path is an object's address: /apis/GROUP/VERSION/namespaces/NS/RESOURCE/NAME.
func (c *Client) Path(object *Object) (string, error) {
	version := object.GetAPIVersion()
	r, err := c.resource(version, object.GetKind())
	if err != nil {
		return "", err
	}
	path := root(version)
	if r.Namespaced {
		if object.GetNamespace() == "" {
			return "", fmt.Errorf("%s has no namespace", ID(object))
		}
		path += "/namespaces/" + object.GetNamespace()
	}
	return path + "/" + r.Name + "/" + object.GetName(), nil
}

func root(apiVersion string) string {
	if strings.Contains(apiVersion, "/") {
		return "/apis/" + apiVersion
	}
	return "/api/" + apiVersion
}

// resource looks a kind up, and asks the API server for what is not known yet.
func (c *Client) resource(apiVersion, kind string) (Resource, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.resources[apiVersion+" "+kind]; ok {
		return r, nil
	}
	served, err := c.Served(apiVersion)
	if err != nil {
		return Resource{}, fmt.Errorf("%w: %s %s: %w", ErrNoKind, apiVersion, kind, err)
	}
	if c.resources == nil {
		c.resources = map[string]Resource{}
	}
	for _, r := range served {
		if r.Subresource() == "" {
			c.resources[apiVersion+" "+r.Kind] = r
		}
	}
	if r, ok := c.resources[apiVersion+" "+kind]; ok {
		return r, nil
	}
	return Resource{}, fmt.Errorf("%w: %s %s", ErrNoKind, apiVersion, kind)
}
