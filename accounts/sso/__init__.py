"""Single sign-on with the company's accounts, by OpenID Connect.

`company` reads the settings, links people to their company account, and follows their groups to roles. `adapter`
gives allauth its one provider, which reaches public addresses only.
"""
