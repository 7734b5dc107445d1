{#
  What Matomo's kinds of referrer are in our words (source_l1 of the marts). Data: one line per kind; the merchant's own
  campaigns are in the variable matomo_campaigns. What is not here shows as 'unknown', under its own name in source_l2.
#}
{%- set names = [
    ('Direct Entry', 'direct_returning'),
    ('Search Engines', 'free_search'),
    ('Social Networks', 'free_content'),
    ('Websites', 'off_platform'),
    ('AI Assistants', 'off_platform'),
] -%}
{%- for campaign, source_l1 in var('matomo_campaigns', {}).items() -%}
    {%- do names.append(('Campaigns · ' ~ campaign, source_l1)) -%}
{%- endfor -%}

{{ source_map(names) }}
