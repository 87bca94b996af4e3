package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/atomicwrite"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/collision"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/domain"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/scaffold"
)

// overlay is a tenant's directory that is to be written.
type overlay struct {
	Name, Mesh, Namespace string
	ApplicationNamespaces []string
	AcceptDomainNames     []string
	AcceptIstioSystem     bool
	Admins, Viewers       []v1alpha1.Subject

	// Stated says whether the file names the control plane's namespace. For a tenant
	// that shares a control plane, it does so only on request.
	Stated bool
	// Base, Schema and the pages in Docs are as the files refer to them.
	Base, Schema, Docs string

	// base and dir are as the user gives them, and command is what they are given to.
	base, dir, command string
}

// write writes the directory, whole or not at all, and returns its tenant. Its
// error is all that is wrong, and what is already known to be.
func (o overlay) write(known ...error) (v1alpha1.IstioTenant, error) {
	tenant, err := o.tenant(len(known) > 0)
	known = append([]error{err}, known...)
	if err == nil {
		known = append(known, o.beside(tenant))
	}
	if err := errors.Join(append(known, o.locate())...); err != nil {
		return v1alpha1.IstioTenant{}, err
	}
	files, err := o.files(tenant)
	if err != nil {
		return v1alpha1.IstioTenant{}, err
	}
	return tenant, atomicwrite.Dir(o.dir, "", files)
}

// files are those of the directory, by their names.
func (o overlay) files(tenant v1alpha1.IstioTenant) (map[string][]byte, error) {
	o.Stated = !o.Shared() || o.Namespace != ""
	o.Namespace, o.ApplicationNamespaces = tenant.Spec.ControlPlane.Namespace, tenant.Spec.ApplicationNamespaces
	if o.Docs = scaffold.Pages; strings.HasPrefix(o.Schema, "..") { // the project's own checkout
		o.Docs = "docs/"
	}
	files := map[string][]byte{}
	for name, text := range templates {
		content, err := o.execute(name, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = content
	}
	return files, nil
}

// tenant is what the flags say, with the defaults. Where an administrator is
// wrong, and so reported already, anybody stands in.
func (o overlay) tenant(standIn bool) (v1alpha1.IstioTenant, error) {
	t := v1alpha1.IstioTenant{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindTenant}
	t.Metadata.Name, t.Spec.Mesh = o.Name, v1alpha1.Mesh(o.Mesh)
	t.Spec.ControlPlane.Namespace = o.Namespace
	t.Spec.ApplicationNamespaces = o.ApplicationNamespaces
	t.Spec.Admins, t.Spec.Viewers = o.Admins, o.Viewers
	if standIn && len(o.Admins) == 0 {
		t.Spec.Admins = []v1alpha1.Subject{{Kind: "User", Name: "anybody"}}
	}
	names, err := o.domainNames()
	t.Spec.AcceptDomainNames = slices.Concat(o.AcceptDomainNames, names)
	text, failed := json.Marshal(t)
	if failed != nil {
		return v1alpha1.IstioTenant{}, failed
	}
	tenant, wrong := v1alpha1.DecodeTenant(text)
	return tenant, errors.Join(wrong, err, o.inIstioSystem(tenant))
}

// inIstioSystem refuses the namespace where an Istio of the whole cluster usually is, unless
// it is asked for: applied there, the tenant's control plane takes the other's place.
func (o overlay) inIstioSystem(tenant v1alpha1.IstioTenant) error {
	const namespace = "istio-system"
	if tenant.Spec.ControlPlane.Namespace != namespace || o.AcceptIstioSystem {
		return nil
	}
	return fmt.Errorf("%s: --namespace %s: is where an Istio of the whole cluster usually runs, and this tenant's control plane would replace it: "+
		"must be another namespace, such as --namespace istio-%s-mesh; if the cluster has no Istio there, accept it with --accept-istio-system",
		o.command, namespace, o.Name)
}

// domainNames are the namespaces in which names of hosts end, and that nobody
// accepts. The error names the flags, as there is no file yet to write a field to.
func (o overlay) domainNames() ([]string, error) {
	var names []string
	var errs []error
	check := func(flag, namespace, better string) {
		what := domain.In(namespace)
		if what == "" || slices.Contains(o.AcceptDomainNames, namespace) || slices.Contains(names, namespace) {
			return
		}
		names = append(names, namespace)
		errs = append(errs, fmt.Errorf("%s: %s %s: %s: for every Pod of the cluster, the DNS search path makes a Service \"x\" in this namespace "+
			"the host \"x.%s\": must be another name, such as %s %s, unless the cluster administrator accepts it with --accept-domain-name %s",
			o.command, flag, namespace, what, namespace, flag, better, namespace))
	}
	check("--namespace", o.Namespace, "istio-"+o.Namespace)
	applications := o.ApplicationNamespaces
	if len(applications) == 0 {
		applications = []string{o.Name} // the default
	}
	for _, namespace := range applications {
		check("--app-namespace", namespace, namespace+"-apps")
	}
	return names, errors.Join(errs...)
}

// beside refuses what a tenant in a directory beside the new one has already.
func (o overlay) beside(tenant v1alpha1.IstioTenant) error {
	siblings, err := filepath.Glob(filepath.Join(filepath.Dir(o.dir), "*", tenantFile))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range siblings {
		text, err := regular.Read(file, regular.LargestConfiguration)
		if err != nil {
			return err
		}
		if other, err := v1alpha1.DecodeTenant(text); err == nil { // else it claims nothing yet
			errs = append(errs, collision.Check(append(collision.OfTenant(file, other),
				collision.OfTenant(filepath.Join(o.dir, tenantFile), tenant)...)))
		}
	}
	return errors.Join(errs...)
}

// tenantFile is the tenant's configuration in an overlay.
const tenantFile = "tenant.yaml"

// templates are the files of an overlay.
var templates = map[string]string{
	"kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- {{.Base | yaml}}
transformers:
- tenant.yaml
# kubectl applies the output in this order: first Namespaces, then the policies that
# protect them, then workloads, with the injector before the Pods that it injects. The
# validating webhook is last. Flux, Argo CD and a kustomization that lists this one use
# their own order. There, Pods wait for their injector, because a policy of the common
# base refuses Pods without their proxy.
sortOptions:
  order: legacy
  legacySortOptions:
    orderFirst:
    - Namespace
    - ResourceQuota
    - ClusterNetworkPolicy
    - NetworkPolicy
    - ServiceAccount
    - Role
    - ClusterRole
    - RoleBinding
    - ClusterRoleBinding
    - ConfigMap
    - Secret
    - Service
    - PeerAuthentication
    - AuthorizationPolicy
    - MutatingWebhookConfiguration
    orderLast:
    - ValidatingWebhookConfiguration
`,
	tenantFile: `# yaml-language-server: $schema={{.Schema}}
apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata:
  name: {{.Name | yaml}}{{if not .Shared}} # also the revision of the control plane{{end}}
  annotations:
    # The program that kustomize runs, from PATH.
    config.kubernetes.io/function: |
      exec:
        path: istio-tenancy
spec:
{{- if .Mesh}}
  # Which control plane the tenant uses: see {{.Docs}}models.md.
  mesh: {{.Mesh}}
{{- end}}
{{- if .Stated}}
  controlPlane:
    # Where {{if .Shared}}the shared istiod{{else}}the tenant's own istiod{{end}} runs.
    namespace: {{.Namespace | yaml}}
{{- end}}
  # Where the tenant's applications run.
{{- if and (gt (len .ApplicationNamespaces) 1) (not .Mesh)}} The control plane reads the whole cluster for
  # several of them, unless the base states an image of the API proxy: see {{.Docs}}api-proxy.md.
{{- end}}
  applicationNamespaces:
{{- range .ApplicationNamespaces}}
  - {{. | yaml}}
{{- end}}
{{- if .AcceptDomainNames}}
  # Namespaces whose names are also the last part of host names: for every Pod of the
  # cluster, a Service there has such a host name.
  acceptDomainNames:
{{- range .AcceptDomainNames}}
  - {{. | yaml}}
{{- end}}
{{- end}}
  # Who administers {{if .Shared}}these{{else}}both{{end}}.
  admins:
{{- range .Admins}}{{template "subject" .}}{{end}}
{{- if .Viewers}}
  # Who may read what the administrators may change.
  viewers:
{{- range .Viewers}}{{template "subject" .}}{{end}}
{{- end}}
{{define "subject"}}
  - kind: {{.Kind}}
    name: {{.Name | yaml}}
{{- if .Namespace}}
    namespace: {{.Namespace | yaml}}
{{- end}}
{{- end}}`,
}

// Shared says whether the tenant uses the control plane of another.
func (o overlay) Shared() bool { return v1alpha1.Mesh(o.Mesh) == v1alpha1.MeshShared }

func (o overlay) execute(name, text string) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"yaml": scalar}).Parse(text)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, o)
	return out.Bytes(), err
}

// scalar writes text as a YAML scalar on one line, quoted where it has to be.
func scalar(text string) (string, error) {
	out, err := yaml.Marshal(text)
	if err != nil {
		return "", err
	}
	if line := strings.TrimSuffix(string(out), "\n"); !strings.Contains(line, "\n") {
		return line, nil
	}
	quoted, err := json.Marshal(text)
	return string(quoted), err
}
