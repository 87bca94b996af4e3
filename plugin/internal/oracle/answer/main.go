// Command answer says what this repository's model of the API server answers, so that a
// test can ask a real one the same. It reads manifests from files, and from its input a
// stream of SubjectAccessReviews and AdmissionReviews in JSON. It writes each back with the
// answer, one a line.
//
//	answer rendered.yaml < asked.json > answered.json
//
// An AdmissionReview that is refused has the names of the policies in the causes of its
// status.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/admission"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func main() {
	if err := answer(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "answer:", err)
		os.Exit(1)
	}
}

func answer(files []string, in io.Reader, out io.Writer) error {
	m, err := newModel(files)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(out)
	encoder, decoder := json.NewEncoder(buffered), json.NewDecoder(in)
	for n := 1; ; n++ {
		var document json.RawMessage
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return buffered.Flush()
		} else if err != nil {
			return fmt.Errorf("document %d: %w", n, err)
		}
		answered, err := m.answer(document)
		if err != nil {
			return fmt.Errorf("document %d: %w", n, err)
		}
		if err := encoder.Encode(answered); err != nil {
			return err
		}
	}
}

type model struct {
	authorizer *authorize.Authorizer
	admission  *admit.Admission
}

func newModel(files []string) (m model, err error) {
	var objects []*snapshot.Object
	for _, file := range files {
		if objects, err = read(objects, file); err != nil {
			return m, fmt.Errorf("%s: %w", file, err)
		}
	}
	s := snapshot.New(objects, nil)
	if m.authorizer, err = authorize.New(s); err != nil {
		return m, err
	}
	m.admission, err = admit.New(s, m.authorizer)
	return m, err
}

func read(objects []*snapshot.Object, file string) ([]*snapshot.Object, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(opened, 4096)
	for {
		var document json.RawMessage
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if len(document) == 0 || string(document) == "null" {
			continue
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(document); err != nil {
			return nil, err
		}
		objects = append(objects, &snapshot.Object{Content: o.Object, Source: snapshot.Source{File: file},
			ID: object.ID{Group: o.GroupVersionKind().Group, Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}})
	}
}

func (m model) answer(document []byte) (any, error) {
	var head metav1.TypeMeta
	if err := json.Unmarshal(document, &head); err != nil {
		return nil, err
	}
	switch head.Kind {
	case "SubjectAccessReview":
		review := &authorizationv1.SubjectAccessReview{}
		if err := json.Unmarshal(document, review); err != nil {
			return nil, err
		}
		m.authorize(review)
		return review, nil
	case "AdmissionReview":
		review := &admissionv1.AdmissionReview{}
		if err := json.Unmarshal(document, review); err != nil {
			return nil, err
		}
		return review, m.admit(review)
	}
	return nil, fmt.Errorf("kind: found %q. Write SubjectAccessReview or AdmissionReview", head.Kind)
}

func (m model) authorize(review *authorizationv1.SubjectAccessReview) {
	r := authorize.Request{Subject: authorize.Subject{User: review.Spec.User, Groups: review.Spec.Groups}}
	if a := review.Spec.NonResourceAttributes; a != nil {
		r.Verb, r.Path = a.Verb, a.Path
	}
	if a := review.Spec.ResourceAttributes; a != nil {
		r.Verb, r.Group, r.Resource, r.Subresource, r.Namespace, r.Name = a.Verb, a.Group, a.Resource, a.Subresource, a.Namespace, a.Name
	}
	decision := m.authorizer.Decide(r)
	review.Status.Allowed = decision.Allowed
	if decision.Allowed {
		review.Status.Reason = fmt.Sprintf("%s and %s", decision.By.Binding, decision.By.Role)
	}
}

func (m model) admit(review *admissionv1.AdmissionReview) error {
	asked := review.Request
	if asked == nil {
		return errors.New("request: The field is missing")
	}
	content, err := contentOf(asked.Object)
	if err != nil {
		return fmt.Errorf("request.object: %w", err)
	}
	old, err := contentOf(asked.OldObject)
	if err != nil {
		return fmt.Errorf("request.oldObject: %w", err)
	}
	refusals, err := m.admission.Refusals(context.Background(), admit.Request{
		Subject:   authorize.Subject{User: asked.UserInfo.Username, Groups: asked.UserInfo.Groups},
		Operation: admission.Operation(asked.Operation),
		Resource:  schema.GroupVersionResource(asked.Resource), Kind: schema.GroupVersionKind(asked.Kind),
		Subresource: asked.SubResource, Namespace: asked.Namespace, Name: asked.Name, Object: content, Old: old,
	})
	if err != nil {
		return err
	}
	review.Response = &admissionv1.AdmissionResponse{UID: asked.UID, Allowed: len(refusals) == 0}
	if len(refusals) > 0 {
		review.Response.Result = &metav1.Status{Details: &metav1.StatusDetails{}}
		var messages []string
		for _, r := range refusals {
			messages = append(messages, r.Message)
			review.Response.Result.Details.Causes = append(review.Response.Result.Details.Causes, metav1.StatusCause{Type: metav1.CauseType(r.Policy), Message: r.Message, Field: r.Binding})
		}
		review.Response.Result.Message = strings.Join(messages, "\n")
	}
	review.Request = nil // it may be large
	return nil
}

func contentOf(raw runtime.RawExtension) (map[string]any, error) {
	if len(raw.Raw) == 0 || string(raw.Raw) == "null" {
		return nil, nil
	}
	o := &unstructured.Unstructured{}
	err := o.UnmarshalJSON(raw.Raw)
	return o.Object, err
}
