"""The core: true with no cluster at all. Nouns, families, maps, patches, norms, probes, audits, artifacts, releases."""
