package cluster

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/image"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// accountFolder is where a Pod's programs find their ServiceAccount.
const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

// containers makes the containers of istiod's Pod: istiod, and the native
// sidecar that runs before it, if there is one.
func (i *Istiod) containers(deployment *Object, v Variant) (err error) {
	template, _, _ := unstructured.NestedMap(deployment.Object, "spec", "template", "spec")
	folders, err := i.volumes(template)
	if err != nil {
		return err
	}
	account, err := i.account()
	if err != nil {
		return err
	}
	endpoint := v.Server
	if endpoint == "" {
		endpoint = strings.TrimPrefix(i.cluster.url, "https://")
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return err
	}
	fields := map[string]string{
		"metadata.name": i.Pod, "metadata.namespace": i.Namespace, "spec.serviceAccountName": i.ServiceAccount,
	}
	for _, list := range []string{"initContainers", "containers"} {
		specs, _, _ := unstructured.NestedSlice(template, list)
		for _, item := range specs {
			spec := item.(map[string]any)
			c := &Container{network: i.network, logs: i.cluster.Logs, name: i.logName(fmt.Sprint(spec["name"]))}
			args, _, _ := unstructured.NestedStringSlice(spec, "args")
			c.env = append(environment(spec, fields), "KUBERNETES_SERVICE_HOST="+host, "KUBERNETES_SERVICE_PORT="+port)
			c.mounts = mounts(spec, folders, account)
			switch {
			case spec["name"] == "discovery":
				c.bin, c.user, c.group = i.cluster.binaries[cmp.Or(v.Program, "pilot-discovery")], 1337, 1337 // the user of Istio's image
				c.command = append([]string{c.program()}, args...)
				c.env = append(append(c.env, "ROOT_CA_DIR="+caFolderHere), v.Env...)
				i.Discovery = c
			case spec["restartPolicy"] == "Always" && !v.Bare:
				if err := c.from(i.cluster.binaries["image"], spec); err != nil {
					return fmt.Errorf("container %s: %w", spec["name"], err)
				}
				c.command = append(c.command, args...)
				i.Proxy = c
			}
			c.secure(spec)
		}
	}
	return nil
}

// from gives a container the image that is kept in a folder.
func (c *Container) from(folder string, spec map[string]any) error {
	made, err := image.Open(folder)
	if err != nil {
		return err
	}
	c.image, c.user, c.group = &made, made.User, made.Group
	c.env = slices.Concat(made.Env, c.env)
	c.command = slices.Clone(made.Entrypoint)
	if command, stated, _ := unstructured.NestedStringSlice(spec, "command"); stated {
		c.command = command
	}
	c.probe, _, _ = unstructured.NestedStringSlice(spec, "startupProbe", "exec", "command")
	if len(c.command) == 0 || len(c.probe) == 0 {
		return fmt.Errorf("has the command %q and the startup probe %q", c.command, c.probe)
	}
	return nil
}

// secure does what a container's securityContext says.
func (c *Container) secure(spec map[string]any) {
	context, _, _ := unstructured.NestedMap(spec, "securityContext")
	for field, of := range map[string]*int{"runAsUser": &c.user, "runAsGroup": &c.group} {
		switch number := context[field].(type) { // as it is rendered, or as the API server has it
		case float64:
			*of = int(number)
		case int64:
			*of = int(number)
		}
	}
	dropped, _, _ := unstructured.NestedStringSlice(context, "capabilities", "drop")
	c.bounded = slices.Contains(dropped, "ALL")
	c.fixed = context["allowPrivilegeEscalation"] == false
	c.readOnly = context["readOnlyRootFilesystem"] == true
}

// volumes are the folders of the Pod's volumes, by name. A volume of another
// kind, like the token for istiod's own mesh, is empty here.
func (i *Istiod) volumes(template map[string]any) (map[string]string, error) {
	folders := map[string]string{}
	list, _, _ := unstructured.NestedSlice(template, "volumes")
	for _, item := range list {
		volume := item.(map[string]any)
		name := fmt.Sprint(volume["name"])
		folder, err := i.folder(name)
		if err != nil {
			return nil, err
		}
		folders[name] = folder
		for kind, field := range map[string]string{"configMap": "name", "secret": "secretName"} {
			source, ok, _ := unstructured.NestedMap(volume, kind)
			if !ok {
				continue
			}
			path := fmt.Sprintf("/api/v1/namespaces/%s/%ss/%s", i.Namespace, strings.ToLower(kind), source[field])
			if err := i.fill(folder, path, source); err != nil {
				return nil, fmt.Errorf("volume %s: %w", name, err)
			}
		}
	}
	return folders, nil
}

// fill writes what a ConfigMap or a Secret holds into a folder, as a kubelet does.
func (i *Istiod) fill(folder, path string, source map[string]any) error {
	object, err := i.cluster.Admin.Get(path)
	if err != nil {
		if source["optional"] == true {
			return nil
		}
		return err
	}
	data, _, _ := unstructured.NestedStringMap(object.Object, "data")
	chosen := data
	if items, ok, _ := unstructured.NestedSlice(source, "items"); ok {
		chosen = map[string]string{}
		for _, item := range items {
			entry := item.(map[string]any)
			chosen[fmt.Sprint(entry["path"])] = data[fmt.Sprint(entry["key"])]
		}
	}
	if object.GetKind() == "Secret" {
		if chosen, err = decoded(chosen); err != nil {
			return err
		}
	}
	return put(folder, chosen)
}

func decoded(data map[string]string) (map[string]string, error) {
	files := map[string]string{}
	for name, text := range data {
		file, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		files[name] = string(file)
	}
	return files, nil
}

// put gives a folder its files, all at once, as a kubelet does: they are in a folder
// below it, to which a link leads, and only the link is ever replaced.
func put(folder string, files map[string]string) error {
	const data, next = "..data", "..data_tmp"
	fresh, err := os.MkdirTemp(folder, "..")
	if err != nil {
		return err
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	old, _ := os.Readlink(filepath.Join(folder, data))
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(fresh, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := errors.Join(os.Symlink(filepath.Base(fresh), filepath.Join(folder, next)), os.Rename(filepath.Join(folder, next), filepath.Join(folder, data))); err != nil {
		return err
	}
	for name := range files {
		if err := os.Symlink(filepath.Join(data, name), filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if old == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(folder, old))
}

// Refresh gives a volume what the Secret holds now from which it is filled, as a
// kubelet does some time after a change.
func (i *Istiod) Refresh(volume, secret string) error {
	folder, err := i.folder(volume)
	if err != nil {
		return err
	}
	return i.fill(folder, "/api/v1/namespaces/"+i.Namespace+"/secrets/"+secret, nil)
}

// account is the folder with the ServiceAccount's token, which SetToken changes.
func (i *Istiod) account() (string, error) {
	folder, err := i.folder("serviceaccount")
	if err != nil {
		return "", err
	}
	return folder, errors.Join(
		os.WriteFile(filepath.Join(folder, "ca.crt"), i.cluster.ca, 0o644),
		os.WriteFile(filepath.Join(folder, "namespace"), []byte(i.Namespace), 0o644),
		i.SetToken(i.Token),
	)
}

// SetToken puts a token where the Pod has its ServiceAccount's, as a kubelet
// does from time to time.
func (i *Istiod) SetToken(token string) error {
	folder, err := i.folder("serviceaccount")
	if err != nil {
		return err
	}
	i.Token = token
	fresh := filepath.Join(folder, "..token")
	if err := os.WriteFile(fresh, []byte(token), 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(folder, "token"))
}

// folder is one of the Pod's, which every user of its containers may write.
func (i *Istiod) folder(name string) (string, error) {
	folder := i.cluster.file(filepath.Join("pods", i.Namespace, i.Pod, url.PathEscape(name)))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return folder, os.Chmod(folder, 0o777)
}

// caFolder is where Istio's charts mount the Secret with its CA. The machine's files
// are not a Pod's, so that a test mounts it below /var/run instead, and says so.
const caFolder, caFolderHere = "/etc/cacerts", varRun + "/cacerts"

// mounts are a container's below /var/run. The ServiceAccount's folder is one of
// them, unless the container mounts something else there.
func mounts(spec map[string]any, folders map[string]string, account string) []mount {
	var all []mount
	list, _, _ := unstructured.NestedSlice(spec, "volumeMounts")
	taken := false
	for _, item := range list {
		entry := item.(map[string]any)
		path := filepath.Clean(fmt.Sprint(entry["mountPath"]))
		if path == caFolder {
			path = caFolderHere
		}
		if folder := folders[fmt.Sprint(entry["name"])]; folder != "" && strings.HasPrefix(path, "/var/run/") {
			all = append(all, mount{path, folder, entry["readOnly"] == true})
		}
		taken = taken || path == accountFolder
	}
	if !taken {
		all = append(all, mount{accountFolder, account, true})
	}
	return all
}

// environment is a container's env; fields answers its fieldRefs. References to
// the container's own resources, which only a kubelet knows, are left out.
func environment(container map[string]any, fields map[string]string) []string {
	var env []string
	list, _, _ := unstructured.NestedSlice(container, "env")
	for _, item := range list {
		entry := item.(map[string]any)
		if field, ok, _ := unstructured.NestedString(entry, "valueFrom", "fieldRef", "fieldPath"); ok {
			env = append(env, fmt.Sprintf("%s=%s", entry["name"], fields[field]))
		} else if entry["valueFrom"] == nil {
			value, _ := entry["value"].(string)
			env = append(env, fmt.Sprintf("%s=%s", entry["name"], value))
		}
	}
	return env
}
