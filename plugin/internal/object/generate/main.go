// Command generate writes kinds.txt, the kinds of well-known projects and
// whether their objects have a namespace, from the CustomResourceDefinitions in
// the projects' Go modules. It downloads some 250 MB.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run() error {
	scopes := scopes{}
	var head strings.Builder
	head.WriteString("# Made by `make kinds` from the CustomResourceDefinitions in these modules:\n#\n")
	for _, d := range definitions {
		zipped, version, err := download(d.module, d.version)
		if err != nil {
			return err
		}
		fmt.Fprintf(&head, "# %s@%s %s\n", d.module, version, d.folders)
		archive, err := zip.OpenReader(zipped)
		if err != nil {
			return err
		}
		found, err := scopes.addAll(&archive.Reader, d.module+"@"+version+"/", strings.Fields(d.folders))
		archive.Close()
		if err == nil && found == 0 {
			err = errors.New("found no CustomResourceDefinition")
		}
		if err != nil {
			return fmt.Errorf("%s@%s: %w", d.module, version, err)
		}
	}
	return os.WriteFile("kinds.txt", []byte(head.String()+"\n"+scopes.String()), 0o644)
}

// download returns where the go command keeps a module's zip.
func download(module, version string) (zipped, exact string, err error) {
	if version == "" {
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
		if err != nil {
			return "", "", fmt.Errorf("version of %s: %w", module, err)
		}
		version = strings.TrimSpace(string(out))
	}
	cmd := exec.Command("go", "mod", "download", "-json", module+"@"+version)
	cmd.Dir = os.TempDir() // so that this repository's go.mod does not count
	// The go command fails for a module that needs a newer Go, and yet has its zip.
	out, runErr := cmd.Output()
	var answer struct{ Zip, Version, Error string }
	if err := json.Unmarshal(out, &answer); err != nil || answer.Zip == "" {
		return "", "", fmt.Errorf("download %s@%s: %s: %w", module, version, answer.Error, errors.Join(runErr, err))
	}
	return answer.Zip, answer.Version, nil
}

// scopes hold "cluster" or "namespaced" by group and kind.
type scopes map[[2]string]string

// addAll reads the definitions below the folders of an archive, or in files of
// these names, and counts them.
func (s scopes) addAll(archive *zip.Reader, prefix string, folders []string) (found int, err error) {
	for _, file := range archive.File {
		name := strings.TrimPrefix(file.Name, prefix)
		if !slices.ContainsFunc(folders, func(folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }) ||
			!slices.Contains([]string{".yaml", ".yml"}, path.Ext(name)) {
			continue
		}
		content, err := file.Open()
		if err != nil {
			return found, err
		}
		text, err := io.ReadAll(content)
		content.Close()
		if err != nil {
			return found, err
		}
		for _, document := range bytes.Split(text, []byte("\n---")) {
			added, err := s.add(document)
			if err != nil {
				return found, fmt.Errorf("%s: %w", name, err)
			}
			found += added
		}
	}
	return found, nil
}

// add reads a document, and adds its kind if it defines one. A kind that has
// both scopes, in different versions, is the cluster's.
func (s scopes) add(document []byte) (int, error) {
	if !bytes.Contains(document, []byte("kind: CustomResourceDefinition")) {
		return 0, nil
	}
	var definition struct {
		Kind string
		Spec struct {
			Group, Scope string
			Names        struct{ Kind string }
		}
	}
	if err := yaml.Unmarshal(document, &definition); err != nil {
		return 0, err
	}
	if definition.Kind != "CustomResourceDefinition" {
		return 0, nil
	}
	spec := definition.Spec
	scope := map[string]string{"Cluster": "cluster", "Namespaced": "namespaced"}[spec.Scope]
	if scope == "" || spec.Group == "" || spec.Names.Kind == "" {
		return 0, fmt.Errorf("a CustomResourceDefinition has the group %q, the kind %q and the scope %q. It must have a group and a kind, and the scope Cluster or Namespaced", spec.Group, spec.Names.Kind, spec.Scope)
	}
	at := [2]string{spec.Group, spec.Names.Kind}
	if s[at] != "cluster" {
		s[at] = scope
	}
	return 1, nil
}

// String has a line for each group and scope, with its kinds.
func (s scopes) String() string {
	kinds := map[string][]string{}
	for at, scope := range s {
		key := at[0] + " " + scope
		kinds[key] = append(kinds[key], at[1])
	}
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(&text, "%s %s\n", key, strings.Join(slices.Sorted(slices.Values(kinds[key])), " "))
	}
	return text.String()
}
