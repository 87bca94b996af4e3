package allow

import (
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/fn/runtime/runtimeutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// resources are objects as kustomize reads them, lists taken apart.
func resources(text []byte) ([]*resource.Resource, error) {
	if err := strictyaml.Bounded(text); err != nil {
		return nil, err
	}
	objects, err := resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory()).NewResMapFromBytes(text)
	if err != nil {
		return nil, err
	}
	return objects.Resources(), nil
}

// own is how a configuration names this program's function.
var own = runtimeutil.FunctionSpec{Exec: runtimeutil.ExecSpec{Path: Program}}

// configs checks what the configurations of plugins run. What each names is found
// as kustomize finds it, in any of the places where it looks.
func (c *check) configs(at string, configs []*resource.Resource) {
	for _, config := range configs {
		text, err := config.AsYAML()
		if err != nil {
			continue // as kustomize will say, before it runs anything
		}
		node, err := yaml.Parse(string(text))
		if err != nil {
			continue
		}
		c.config(at+": "+object.IDOf(node).String(), config, node)
	}
}

func (c *check) config(at string, config *resource.Resource, node *yaml.RNode) {
	if gvk := config.GetGvk(); gvk.Group == "" && gvk.Version == konfig.BuiltinPluginApiVersion {
		if gvk.Kind == "HelmChartInflationGenerator" {
			c.run(at, helm)
		}
		return
	}
	spec, err := runtimeutil.GetFunctionSpec(node)
	switch {
	case err != nil:
		c.add(at, "%v", err)
		return
	case spec == nil:
		c.add(at, "metadata.annotations: %s is missing, so that kustomize takes it for a plugin of its own and looks for that in directories of this machine: must be %q, or what runs another program",
			runtimeutil.FunctionAnnotationKey, "exec: {path: istio-tenancy}")
		return
	case reflect.DeepEqual(*spec, own):
		return
	case spec.Exec.Path == "" && spec.Container.Image == "":
		c.add(at, "names no program, and kustomize ignores it: must have exec.path, such as %s", Program)
		return
	}
	if spec.Exec.Path == Program {
		c.add(at+": exec", "has more than the path of %s, whose commands could run other programs: must be %q", Program, "exec: {path: istio-tenancy}")
	} else if spec.Exec.Path != "" {
		c.run(at+": exec.path", spec.Exec.Path, Program)
	}
	if spec.Container.Image != "" {
		c.run(at+": container.image", spec.Container.Image)
	}
	if len(spec.Exec.Env) > 0 {
		c.add(at+": exec.envs", "variables such as PATH and LD_PRELOAD make a program run another: must be left out")
	}
	for _, env := range spec.Container.Env {
		if !strings.Contains(env, "=") {
			c.add(at+": container.envs", "%q passes on a variable of this machine: must state the value, %s=...", env, env)
		}
	}
}

// run says that a program is to run. meant are those that a misspelt name may stand for.
func (c *check) run(at, name string, meant ...string) {
	if slices.Contains(c.Exec, name) {
		return
	}
	why := ", and none is run that is not allowed: "
	if question := suggest.Question(name, meant); question != "" {
		why = question + " If not, "
	}
	c.add(at, "%q is another program%sremove it, or allow it with --allow-exec %s", name, why, name)
}
