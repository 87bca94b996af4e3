package servers

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Definitions brings the CustomResourceDefinitions of modules into the user's
// cache, one file a module, and returns the folder. A list says in its comments
// which versions and folders: "# MODULE@VERSION FOLDER...". modules are the ones
// to take; their zips are downloaded, and not unpacked.
func Definitions(ctx context.Context, log io.Writer, list string, modules []string) (string, error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return "", err
	}
	var chosen [][]string
	for _, line := range regexp.MustCompile(`(?m)^# (\S+)@(\S+) (.+)$`).FindAllStringSubmatch(string(text), -1) {
		if slices.Contains(modules, line[1]) {
			chosen = append(chosen, line[1:])
		}
	}
	if len(chosen) != len(modules) {
		return "", fmt.Errorf("%s must name these modules, but names only %d of %d: %s", list, len(chosen), len(modules), strings.Join(modules, ", "))
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the folder that caches the definitions: %w", err)
	}
	into := filepath.Join(cache, "istio-tenancy-e2e", fmt.Sprintf("definitions-%x", sha256.Sum256(fmt.Append(nil, chosen)))[:28])
	if _, err := os.Stat(into); err == nil {
		return into, nil
	}
	if err := os.MkdirAll(filepath.Dir(into), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(into), "definitions-reading-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	start := time.Now()
	for i, m := range chosen {
		found, err := read(ctx, m[0], m[1], strings.Fields(m[2]))
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("found no CustomResourceDefinition below %s", m[2])
		}
		if err != nil {
			return "", fmt.Errorf("definitions of %s@%s: %w", m[0], m[1], err)
		}
		if err := os.WriteFile(filepath.Join(fresh, fmt.Sprintf("%02d.yaml", i)), found, 0o644); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(log, "read the definitions of %d modules (once, into %s) in %s\n", len(chosen), into, time.Since(start).Round(time.Second))
	return into, os.Rename(fresh, into)
}

// read returns the files of a module that hold definitions, as one.
func read(ctx context.Context, module, version string, folders []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module+"@"+version)
	cmd.Dir = os.TempDir() // where no go.mod counts
	// The go command fails for a module that needs a newer Go, and yet has its zip.
	out, runErr := cmd.Output()
	var answer struct{ Zip, Error string }
	if err := json.Unmarshal(out, &answer); err != nil || answer.Zip == "" {
		return nil, fmt.Errorf("download: %s (%w)", answer.Error, runErr)
	}
	archive, err := zip.OpenReader(answer.Zip)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	var all bytes.Buffer
	for _, file := range archive.File {
		name := strings.TrimPrefix(file.Name, module+"@"+version+"/")
		if !slices.ContainsFunc(folders, func(folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }) {
			continue
		}
		content, err := file.Open()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(content)
		content.Close()
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(name, ".yaml") && bytes.Contains(text, []byte("\nkind: CustomResourceDefinition\n")) {
			all.WriteString("\n---\n")
			all.Write(text)
		}
	}
	return all.Bytes(), nil
}
