package argocd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// shipped are the Applications that examples/argocd makes, its own among them.
var shipped = []string{"platform", "tenancy-common", "tenant-dev", "project-dev", "tenant-sales", "project-sales"}

const (
	applications = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
	refresh      = "argocd.argoproj.io/refresh"
)

// application is what Argo CD says of one of its Applications.
type application struct {
	Metadata struct {
		Name        string
		Annotations map[string]string
	}
	Status struct {
		Sync struct {
			Status, Revision string
			Revisions        []string // of an Application of several sources, which has no Revision
		}
		Health     struct{ Status string }
		Conditions []struct{ Type, Message string }
		History    []struct{ ID int }
		Resources  []struct{ Group, Version, Kind, Namespace, Name, Status string }
		// ReconciledAt is when it was last compared with Git.
		ReconciledAt   string
		OperationState struct {
			Phase, Message string
			SyncResult     struct {
				Resources []struct{ Kind, Namespace, Name, Status, Message string }
			}
		}
	}
}

// application is one beside the platform's, or one of another namespace, as ns-1/name.
func (w *world) application(name string) (application, error) {
	var app application
	answer, err := w.admin().Do(http.MethodGet, applicationPath(name), "")
	if err := errors.Join(err, answer.Error()); err != nil {
		return app, fmt.Errorf("Application %s: %w", name, err)
	}
	return app, json.Unmarshal(answer.Body, &app)
}

func applicationPath(name string) string {
	if namespace, name, found := strings.Cut(name, "/"); found {
		return "/apis/argoproj.io/v1alpha1/namespaces/" + namespace + "/applications/" + name
	}
	return applications + "/" + name
}

// objects are those of an Application, as they are stored.
func (w *world) objects(name string) ([]*cluster.Object, error) {
	app, err := w.application(name)
	if err != nil {
		return nil, err
	}
	var all []*cluster.Object
	for _, r := range app.Status.Resources {
		reference := &cluster.Object{}
		reference.SetAPIVersion(strings.TrimPrefix(r.Group+"/"+r.Version, "/"))
		reference.SetKind(r.Kind)
		reference.SetNamespace(r.Namespace)
		reference.SetName(r.Name)
		stored, err := w.admin().Read(reference)
		if err != nil {
			return nil, err
		}
		all = append(all, stored)
	}
	if len(all) == 0 {
		err = fmt.Errorf("Application %s has no objects", name)
	}
	return all, err
}

// says is all that the status says for people to read.
func (a application) says() string {
	var text []string
	for _, condition := range a.Status.Conditions {
		text = append(text, condition.Type+": "+condition.Message)
	}
	if state := a.Status.OperationState; state.Phase != "" && state.Phase != "Succeeded" {
		text = append(text, state.Phase+": "+state.Message)
		for _, r := range state.SyncResult.Resources {
			if r.Status != "Synced" || r.Message != "" {
				text = append(text, fmt.Sprintf("%s %s/%s: %s %s", r.Kind, r.Namespace, r.Name, r.Status, r.Message))
			}
		}
	}
	return strings.Join(text, "; ")
}

// settled is nil for an Application that is Synced and Healthy.
func (w *world) settled(name string) error {
	app, err := w.application(name)
	if err != nil {
		return err
	}
	if app.Status.Sync.Status != "Synced" || app.Status.Health.Status != "Healthy" {
		var off []string
		for _, r := range app.Status.Resources {
			if r.Status != "Synced" {
				off = append(off, r.Kind+" "+r.Name)
			}
		}
		return fmt.Errorf("Application %s is %s and %s: %s; %s", name, app.Status.Sync.Status, app.Status.Health.Status,
			strings.Join(off[:min(len(off), 5)], ", "), app.says())
	}
	return nil
}

// refresh asks for an Application to be compared with Git at once, and for "hard" to be
// rendered again, too; it waits for the answer.
func (w *world) refresh(name, how string) error {
	if err := w.annotate(applicationPath(name), refresh, how); err != nil {
		return err
	}
	return cluster.Eventually(patience, func() error {
		app, err := w.application(name)
		if err == nil && app.Metadata.Annotations[refresh] != "" {
			err = fmt.Errorf("Application %s is not refreshed", name)
		}
		return err
	})
}

func (w *world) annotate(path, key, value string) error {
	answer, err := w.admin().Do(http.MethodPatch, path, fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, key, value))
	return errors.Join(err, answer.Error())
}

// generate asks for all ApplicationSets to look at the repository at once.
func (w *world) generate() error {
	for _, set := range []string{"tenants", "tenant-projects"} {
		if err := w.annotate("/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets/"+set, "argocd.argoproj.io/application-set-refresh", "true"); err != nil {
			return err
		}
	}
	return nil
}

// revisions are those of its sources.
func (a application) revisions() []string {
	if len(a.Status.Sync.Revisions) > 0 {
		return a.Status.Sync.Revisions
	}
	return []string{a.Status.Sync.Revision}
}

// isAt says whether all its sources are at a commit.
func (a application) isAt(commit string) bool {
	return !slices.ContainsFunc(a.revisions(), func(revision string) bool { return revision != commit })
}

// deployed waits until an Application has the commit, Synced and Healthy.
func (w *world) deployed(name, commit string) error {
	if err := w.refresh(name, "normal"); err != nil {
		return err
	}
	return cluster.Eventually(patience, func() error {
		app, err := w.application(name)
		if err == nil && !app.isAt(commit) {
			err = fmt.Errorf("Application %s is at %v, but must be %s: %s", name, app.revisions(), commit, app.says())
		}
		return errors.Join(err, w.settled(name))
	})
}

// saying waits until the status of an Application has a text, and returns all of it.
func (w *world) saying(name string, texts ...string) (said string, err error) {
	err = cluster.Eventually(patience, func() error {
		app, err := w.application(name)
		if err != nil {
			return err
		}
		said = app.says()
		if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(said, text) }) {
			return fmt.Errorf("Application %s says %q, but must say one of %q", name, said, texts)
		}
		return nil
	})
	return said, err
}
