#!/usr/bin/env python3
"""Runs the jobs of a workflow file here, each in a folder of its own: what its steps run, in the order of `needs`, for
every shard of a matrix. Artifacts are folders; like the real ones they forget who may execute a file. Refuses what it
does not know, and what a runner would: a job without runs-on, a step without uses or run.

    run_workflow.py FILE REPOSITORY FOLDER WORD=TEXT...     WORD=TEXT: ${{ WORD }} stands for TEXT
"""
import glob, os, re, shutil, subprocess, sys
import yaml


def fill(text, words):
    filled = re.sub(r"\$\{\{ *([\w.]+) *\}\}", lambda m: words[m.group(1)], text)
    assert "${{" not in filled, text
    return filled


def upload(store, name, pattern, folder):
    os.makedirs(os.path.join(store, name))
    found = glob.glob(os.path.join(folder, pattern))
    assert found, "nothing to upload: " + pattern
    for path in found:
        shutil.copyfile(path, os.path.join(store, name, os.path.basename(path)))


def download(store, options, folder):
    wanted = [options["name"]] if "name" in options else [
        os.path.basename(p) for p in glob.glob(os.path.join(store, options.get("pattern", "*")))]
    assert wanted, "no artifact is named like that"
    for name in wanted:
        merged = "name" in options or options.get("merge-multiple")
        to = folder if merged else os.path.join(folder, name)
        shutil.copytree(os.path.join(store, name), to, dirs_exist_ok=True)


def run_step(step, words, store, repository, folder):
    options = {key: fill(value, words) if isinstance(value, str) else value for key, value in step.get("with", {}).items()}
    uses = step.get("uses", "").split("@")[0]
    if "run" in step:
        return subprocess.run(["bash", "-e", "-o", "pipefail", "-c", fill(step["run"], words)], cwd=folder).returncode
    if uses == "actions/checkout":
        return subprocess.run(["git", "clone", "-q", repository, folder]).returncode
    if uses == "actions/upload-artifact":
        upload(store, options["name"], options["path"], folder)
    elif uses == "actions/download-artifact":
        download(store, options, folder)
    else:
        sys.exit("a step that neither runs nor uses what is known: %r" % step)
    return 0


def run_job(name, job, words, store, repository, folder):
    assert job.get("runs-on"), name + " lacks runs-on"
    os.makedirs(folder)
    for step in job["steps"]:
        status = run_step(step, words, store, repository, folder)
        if status:
            sys.exit("%s ended with status %d: %r" % (name, status, step))


def main():
    workflow = yaml.safe_load(open(sys.argv[1]))
    repository, top = sys.argv[2], sys.argv[3]
    given = dict(word.split("=", 1) for word in sys.argv[4:])
    assert workflow.get("name") and True in workflow, "a workflow has a name, and `on`, which YAML takes for true"
    store, done, jobs = os.path.join(top, "artifacts"), set(), dict(workflow["jobs"])
    while jobs:
        name = next(n for n, job in jobs.items() if job.get("needs") is None or job["needs"] in done)
        job = jobs.pop(name)
        for shard in job.get("strategy", {}).get("matrix", {}).get("shard", [0]):
            words = dict(given, **{"matrix.shard": str(shard)})
            run_job(name, job, words, store, repository, os.path.join(top, "%s-%s" % (name, shard)))
        done.add(name)


main()
