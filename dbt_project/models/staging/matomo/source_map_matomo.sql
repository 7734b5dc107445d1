{#
  Translates Matomo's kinds of referrer to source_l1 of the marts. The merchant's own campaigns are named by the variable
  matomo_campaigns. A name that is in neither becomes 'unknown' and is kept in source_l2.
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
