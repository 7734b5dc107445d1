-- Made from the column descriptions of the marts themselves: one source for dbt docs, column comments and this table.
{%- set rows = [] %}
{%- if execute %}
    {%- set marts = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('fqn.1', 'equalto', 'marts')
        | sort(attribute='name') | list %}
    {%- set names = marts | map(attribute='name') | list %}
    {%- for node in marts %}
        {#- The finest grain speaks for a subject; a subject whose name a table has of its own keeps its grain. #}
        {%- set subject = modules.re.sub('_(daily|weekly|monthly)$', '', node.name) %}
        {%- set finest = [subject ~ '_daily', subject ~ '_weekly', subject ~ '_monthly'] | select('in', names) | first %}
        {%- if node.name in [subject, finest] %}
            {%- set mart = subject if node.name == subject or subject not in names else node.name %}
            {%- for column in node.columns.values() if column.meta.get('additivity') %}
                {%- do rows.append((mart, node, column)) %}
            {%- endfor %}
        {%- endif %}
    {%- endfor %}
{%- endif %}

with

metrics as (
    {%- for mart, node, column in rows %}
    select
        '{{ mart }}' as mart,
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
