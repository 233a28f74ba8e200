"""Which tests of the suite are counted: the rule, applied to the suite's own markers and source.

Nobody's results go in. Taken are the tests of test_s3.py and test_headers.py of which

- no marker says that they use signature version 2, expect what AWS does not do, can't do from boto3 what they are
  named for (fails_on_rgw: mostly headers that botocore puts back), or are about a feature that is none of this
  project's;
- neither the test nor a helper of its module that it calls names such a feature.

Those that look at status and code of an error themselves are the error tests, the rest the core tests. Forms, which
the suite signs with version 2 throughout, count as core.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = ("test_s3.py", "test_headers.py")

ELSEWHERE = (
    "iam_account",
    "iam_cross_account",
    "iam_role",
    "iam_tenant",
    "iam_user",
    "group",
    "group_policy",
    "role_policy",
    "session_policy",
    "user_policy",
    "abac_test",
    "test_of_sts",
    "webidentity_test",
    "token_claims_trust_policy_test",
    "sns",
    "lifecycle_expiration",
    "lifecycle_transition",
    "cloud_transition",
    "cloud_restore",
    "s3select",
    "bucket_logging",
    "bucket_logging_cleanup",
    "s3website",
    "s3website_routing_rules",
    "s3website_redirect_location",
    "fails_on_aws",
)
"""Markers of tests about other services than S3, about what goes on by itself over days, and of what AWS fails at."""

_OTHER_MARKERS = re.compile(
    "auth_aws2|fails_on_(aws|rgw)|fails_without_logging|abac_|appendobject|bucket_(logging|policy|encryption)|cloud_|"
    "encryption|iam_|lifecycle|object_(lock|ownership)|s3select|s3website|sns|sse_|storage_class|target_by_|test_of_sts"
)

_OTHER_WORDS = re.compile(
    r"_acl\b|\bACL=|Grant(Read|Write|Full)|_policy\b|_policy_status|_cors\b|lifecycle|_encryption\b|"
    r"ServerSideEncryption|"
    r"SSECustomer|sse_c|_lock\b|_lock_|ObjectLock|_retention\b|_legal_hold\b|_logging\b|_website\b|ownership|"
    r"public_access_block|restore_object|get_tenant|get_iam|get_sts|get_sns|select_object|x-amz-acl|"
    r"access_key_id_ssec|get_v2_client|StorageClass=|storage_class|rgw_|_append|WriteOffset|torrent"
)

_ERROR = "_get_status_and_error_code"
_FORM = "hmac.new"


class Selection(NamedTuple):
    """Names of tests as pytest takes them, below the suite's folder of functional tests."""

    errors: tuple[str, ...]
    core: tuple[str, ...]


def select(functional: Path) -> Selection:
    """The tests in the folder *functional* that the rule takes."""
    errors: list[str] = []
    core: list[str] = []
    for module in MODULES:
        for name, own, whole, markers in _tests(functional / module):
            if any(_OTHER_MARKERS.match(marker) for marker in markers) or _OTHER_WORDS.search(whole):
                continue
            is_error = _ERROR in own and _FORM not in whole
            (errors if is_error else core).append(f"{module}::{name}")
    return Selection(tuple(errors), tuple(core))


def _tests(path: Path) -> Iterator[tuple[str, str, str, list[str]]]:
    """Each test of a module: its name, its source with that of the helpers it calls, its markers."""
    functions = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    for name, node in functions.items():
        if name.startswith("test_"):
            markers = [ast.unparse(mark).removeprefix("pytest.mark.") for mark in node.decorator_list]
            body = ast.Module(body=node.body, type_ignores=[])
            whole = "\n".join(ast.unparse(one) for one in _reached(body, functions, set()))
            yield name, ast.unparse(body), whole, markers


def _reached(node: ast.AST, functions: dict[str, ast.FunctionDef], seen: set[str]) -> Iterator[ast.AST]:
    yield node
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in functions and inner.id not in seen:
            seen.add(inner.id)
            yield from _reached(functions[inner.id], functions, seen)
