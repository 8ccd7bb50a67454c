package results

import "path/filepath"

// Configs are the configurations of a variant as rendered, of a run that was
// opened or only glanced at; "" where none was saved.
func (r *Run) Configs(variant string) (proxy, backend string) {
	for _, v := range r.Variants {
		if v.Name == variant {
			return v.ProxyConf, v.BackendConf
		}
	}
	dir := filepath.Join(r.Dir, variant)
	proxyFile, backendFile := r.Plan.files(variant)
	return readText(filepath.Join(dir, proxyFile)), readText(filepath.Join(dir, backendFile))
}
