package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// altered finds what was made of a workload beside a control plane, and runs something else than the
// workload says: a Pod whose image was changed, or one that somebody else has made with its owner's
// name. Pods of an owner that was deleted are none of its Pods; see asOwner. Of a DaemonSet and a StatefulSet, Pods may be older than the template, and so may be the
// ReplicaSet of a Deployment that is being rolled out.
func (v *verifier) altered(owned []orphan, there []maker) {
	templates := map[owner]any{}
	for _, m := range there {
		if m.template != nil {
			templates[m.owner] = m.template
		}
	}
	running := map[owner]bool{} // that have Pods
	for _, o := range owned {
		if o.resource.name == "pods" && !isGoing(o.resource, o.object) {
			running[o.by] = true
		}
	}
	for _, o := range owned {
		template := templates[o.by]
		if template == nil || isGoing(o.resource, o.object) {
			continue
		}
		id := idOf(o.object)
		find := func(severity check.Severity, format string, args ...any) {
			severity, what := unlessAccepted(snapshot.Text(o.object, "metadata", "annotations", acceptAnnotation), severity, fmt.Sprintf(format, args...))
			v.report.find(Rules, severity, v.owners[id.Namespace], id, "%s", what)
		}
		by := object.ID{Kind: o.by.kind, Namespace: o.by.namespace, Name: o.by.name}
		switch o.resource.name {
		case "pods":
			severity := check.Error
			if o.by.kind == "DaemonSet" || o.by.kind == "StatefulSet" {
				severity = check.Warning
			}
			spec := snapshot.Field(o.object, "spec")
			for _, what := range unlike(spec, template, by) {
				find(severity, "%s", what)
			}
			for _, c := range snapshot.List(spec, "ephemeralContainers") {
				find(check.Error, "spec.ephemeralContainers[%s]: must not be there: it runs a program in the Pod, with the rights of its ServiceAccount", snapshot.Text(c, "name"))
			}
		case "replicasets":
			if replicas, given := snapshot.Field(o.object, "spec", "replicas").(float64); given && replicas == 0 && !running[asOwner(o.object)] {
				continue
			}
			for _, what := range unlike(snapshot.Field(o.object, "spec", "template", "spec"), template, by) {
				find(check.Warning, "spec.template.%s, unless the Deployment is being rolled out", what)
			}
		}
	}
}

// unlike is in what the spec of a Pod differs from its template: in what it runs, and as whom.
func unlike(spec, template any, by object.ID) (found []string) {
	add := func(at, format string, args ...any) { found = append(found, at+": "+fmt.Sprintf(format, args...)) }
	injected := !isApart(template)
	template = snapshot.Field(template, "spec")
	if is, must := accountIn(spec), accountIn(template); is != must {
		add("spec.serviceAccountName", "found %q: must be %q as in %s", is, must, by)
	}
	for _, field := range []string{"containers", "initContainers"} {
		of := fieldsOf(snapshot.Field(template, field))
		for _, c := range snapshot.List(spec, field) {
			name := snapshot.Text(c, "name")
			at := "spec." + field + "[" + name + "]"
			must, there := of["["+name+"]"]
			image := snapshot.Text(must, "image")
			switch {
			case !there && injected && slices.Contains(fromInjector, name):
				continue
			case !there:
				add(at, "must not be there: %s has no such container", by)
				continue
			case image == istio.ImageOfInjector: // of which the injector makes a proxy
				continue
			}
			if is := snapshot.Text(c, "image"); is != image && !strings.HasPrefix(is, image+"@") { // or a policy has added its digest
				add(at+".image", "found %q: must be %q as in %s", is, image, by)
			}
			for _, list := range []string{"command", "args"} {
				if !slices.Equal(snapshot.Texts(c, list), snapshot.Texts(must, list)) {
					add(at+"."+list, "is not as in %s", by)
				}
			}
		}
	}
	return found
}

// fromInjector are the containers that an injector adds to each Pod.
var fromInjector = []string{istio.ProxyContainer, istio.InitContainer, istio.CheckContainer}

// isApart says whether a template keeps its Pods from the injector.
func isApart(template any) bool {
	for _, field := range []string{"labels", "annotations"} {
		if snapshot.Text(template, "metadata", field, istio.InjectLabel) == "false" {
			return true
		}
	}
	return false
}

func accountIn(spec any) string {
	for _, field := range []string{"serviceAccountName", "serviceAccount"} {
		if name := snapshot.Text(spec, field); name != "" {
			return name
		}
	}
	return "default"
}
