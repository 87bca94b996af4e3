package scaffold

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// address is what a file may name without quotes, and a shell, too.
var address = regexp.MustCompile(`^(?:https|ssh|file)://[\w.~:/@+-]+$`)

// checkBases refuses what is no address of bases, or leads to another version tomorrow.
func (o Options) checkBases() error {
	if o.Bases == "" {
		return nil
	}
	if err := hidesNothing("--bases", o.Bases); err != nil {
		return err
	}
	where, query, _ := strings.Cut(o.Bases, "?")
	_, path, _ := strings.Cut(where, "://")
	values, err := url.ParseQuery(query)
	const such = "such as https://github.com/istio-tenancy/istio-tenancy//bases/istio?ref=v1"
	switch {
	case !address.MatchString(where) || !strings.Contains(path, "//") || strings.HasSuffix(path, "/"):
		return fmt.Errorf("--bases: found %q: must be the address of a Git repository, //, and the directory that has common and control-plane, %s", o.Bases, such)
	case err != nil || values.Get("ref") == "":
		return fmt.Errorf("--bases: %s names no version: must end with ?ref= and a tag or a commit, because a branch changes, %s", o.Bases, such)
	case !regexp.MustCompile(`^[\w.=&/+-]+$`).MatchString(query):
		return fmt.Errorf("--bases: found %q after \"?\": must be ref= and a tag or a commit, %s", query, such)
	case o.GitOps == ArgoCD:
		return fmt.Errorf("--bases: Argo CD renders in a sidecar that has no git, and cannot fetch %s: leave --bases out, so that the bases are in the repository", o.Bases)
	}
	return nil
}

// checkRepository refuses what is no address of a repository.
func (o Options) checkRepository() error {
	if o.Repository == "" {
		return nil
	}
	if err := hidesNothing("--repository", o.Repository); err != nil {
		return err
	}
	_, path, _ := strings.Cut(o.Repository, "://")
	if !address.MatchString(o.Repository) || !strings.Contains(path, "/") || strings.HasPrefix(path, "/") && !strings.HasPrefix(o.Repository, "file:") {
		return fmt.Errorf("--repository: found %q: must be the address of a Git repository that begins with https:// or ssh://, such as %s", o.Repository, meant(o.Repository))
	}
	return nil
}

// scp is an address as git takes it in addition to URLs: git@github.com:acme/platform.git
var scp = regexp.MustCompile(`^((?:[\w.-]+@)?[\w.-]+):/*([^/].*)$`)

// meant is an address that probably was meant, or any.
func meant(text string) string {
	url := "https://" + strings.TrimPrefix(text, "http://")
	if parts := scp.FindStringSubmatch(text); parts != nil && !strings.Contains(text, "://") {
		url = "ssh://" + parts[1] + "/" + parts[2]
	}
	if strings.Count(url, "/") > 2 && strings.Count(url, "://") == 1 && address.MatchString(url) {
		return url
	}
	return "https://git.example.org/platform.git"
}

// hidesNothing refuses an address with a password, and does not repeat it: files are for
// everybody to read.
func hidesNothing(flag, text string) error {
	parsed, err := url.Parse(text)
	secret := (err != nil || parsed.Host == "") && password.MatchString(text)
	if err == nil && !secret {
		_, secret = parsed.User.Password()
	}
	if secret {
		return fmt.Errorf("%s: the address has a password or a token: must have none, because it would be in Git; give Flux, Argo CD or git a credential of its own", flag)
	}
	return nil
}

// password is in what a reader takes for an address, and is none.
var password = regexp.MustCompile(`(?:^|//)[^/@:]*:[^@]*@`)

var (
	tag    = regexp.MustCompile(`^v\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$`)
	pseudo = regexp.MustCompile(`-(?:0\.)?\d{14}-([0-9a-f]{12})$`)
)

// Install is the version of the program for go install. If the program was built from
// sources that are not published, it is the newest one.
func (o Options) Install() string {
	if tag.MatchString(o.Version) {
		return o.Version
	}
	return "main"
}

// Revision is the version of the program for Git.
func (o Options) Revision() string {
	if commit := pseudo.FindStringSubmatch(o.Version); commit != nil && tag.MatchString(o.Version) {
		return commit[1]
	}
	return o.Install()
}

// Unpublished says that others cannot install the program that writes the files; "": they can.
func (o Options) Unpublished() string {
	if o.Install() == o.Version {
		return ""
	}
	files := ".pre-commit-config.yaml names"
	if o.GitHub {
		files = ".pre-commit-config.yaml and .github/workflows/tenants.yaml name"
	}
	return fmt.Sprintf("this program was built from source, and its version %s cannot be installed elsewhere: %s the branch main, which changes: write a tag or a commit in its place", o.Version, files)
}
