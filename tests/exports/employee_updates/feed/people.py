"""Employees with every field, one by one and drawn by hypothesis, and the contract's samples of records."""

from decimal import Decimal

from hypothesis import strategies as st

from exports.employee_updates.feed.fields import ROLES, Employee

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
people = st.builds(
    Employee,
    email=words,
    manager=words,
    employee_id=words,
    policy=words,
    first_name=words,
    role=st.sampled_from(["", *ROLES]),
    approval_limit=st.none() | st.decimals(0, 10**9, places=2),
    over_limit_approver=words,
    is_terminated=st.none() | st.booleans(),
    additional_policies=st.lists(words.filter(bool), max_size=3).map(tuple),
    remove_from_others=st.none() | st.booleans(),
    default_tags=st.lists(words.filter(bool), max_size=3).map(tuple),
)
FULL = Employee(
    email="employee@example.com",
    manager="manager@example.com",
    policy="0123456789ABCDEF",
    employee_id="12345",
    first_name="Ada",
    last_name="Byron",
    custom_field_1="E-1003",
    custom_field_2="CC-12",
    role="user",
    approval_limit=Decimal("123.00"),
    over_limit_approver="audit@example.com",
    approves_to="cfo@example.com",
    is_terminated=False,
    worker_status="On Leave",
    domain_group="407184",
    additional_policies=("FEDCBA9876543210",),
    remove_from_others=False,
    default_tags=("Engineering", "Berlin"),
)
# The contract's own sample of a record with every key.
SENT = {
    "employeeEmail": "employee@example.com",
    "managerEmail": "manager@example.com",
    "policyID": "0123456789ABCDEF",
    "employeeID": "12345",
    "firstName": "Ada",
    "lastName": "Byron",
    "customField1": "E-1003",
    "customField2": "CC-12",
    "role": "user",
    "approvalLimit": 12300,
    "overLimitApprover": "audit@example.com",
    "approvesTo": "cfo@example.com",
    "isTerminated": False,
    "workerStatus": "On Leave",
    "domainGroupID": "407184",
    "additionalPolicyIDs": ["FEDCBA9876543210"],
    "shouldRemoveFromUnassignedPolicies": False,
    "defaultTags": ["Engineering", "Berlin"],
}
# The recipe of Expensify's help page, as it stands there: both keys of the request in one block.
RECIPE = """
{
    "type": "update",
    "dry-run" : true,
    "credentials": {
      "partnerUserID": "aa_api_domain_com",
      "partnerUserSecret": "xxx"
    },
    "dataSource" : "request",
   "inputSettings": {
      "type": "employees",
       "entity": "generic"
    },
    "onFinish":[
      {"actionName": "email", "recipients":"admin1@domain.com"}  
    ]
  }'
For "data" copy-paste the following text and replace values as needed
{
    "Employees":[
      { 
        "employeeEmail": "user@domain.com", 
        "managerEmail": "usermanager@domain.com",
        "policyID": "1D1BC525C4892584", 
"isTerminated": "false",
     }
]}
"""  # noqa: W291
