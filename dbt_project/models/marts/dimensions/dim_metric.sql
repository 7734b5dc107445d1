-- Made from the column descriptions of the marts themselves: one source for dbt docs, column comments and this table.
{%- set rows = [] %}
{%- if execute %}
    {%- for node in graph.nodes.values() | sort(attribute='name')
        if node.resource_type == 'model' and node.fqn[1] == 'marts' and not node.name.endswith(('_weekly', '_monthly')) %}
        {%- for column in node.columns.values() if column.meta.get('additivity') %}
            {%- do rows.append((node, column)) %}
        {%- endfor %}
    {%- endfor %}
{%- endif %}

with

metrics as (
    {%- for node, column in rows %}
    select
        '{{ node.name | replace("_daily", "") }}' as mart,
        '{{ column.name }}' as metric,
        '{{ column.description | replace("'", "''") }}' as definition,
        '{{ column.meta.additivity }}' as additivity,
        {{ "'" ~ column.meta.not_over ~ "'" if column.meta.get('not_over') else 'null' }} as not_over,
        {{ "'" ~ column.meta.clock ~ "'" if column.meta.get('clock') else 'null' }} as clock,
        {{ "'" ~ column.meta.refunds ~ "'" if column.meta.get('refunds') else 'null' }} as refund_treatment,
        '{{ column.data_type }}' as data_type,
        {{ "'" ~ column.meta.lens ~ "'" if column.meta.get('lens') else 'null' }} as platform_lens,
        '{{ node.config.meta.get("owner", "operations") }}' as owner
    {{ "union all" if not loop.last }}
    {%- endfor %}
    {%- if not rows %}
    select
        null as mart, null as metric, null as definition, null as additivity, null as not_over, null as clock,
        null as refund_treatment, null as data_type, null as platform_lens, null as owner
    where 1 = 0
    {%- endif %}

)

select
    {%- for name in ['mart', 'metric', 'definition', 'additivity', 'not_over', 'clock', 'refund_treatment', 'data_type',
        'platform_lens', 'owner'] %}
    cast({{ name }} as {{ t('text') }}) as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from metrics
