-- Made from the column descriptions of the marts themselves: one source for dbt docs, column comments and this table.
{{ config(tags='settled') }}
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
                {#- A change is on the clock of what changes. #}
                {%- set of = node.columns.get(modules.re.sub('_(prev|yoy|yoy_date|yoy_event)_chg$', '', column.name), column) %}
                {%- do rows.append((mart, node, column, dict(of.meta, **column.meta))) %}
            {%- endfor %}
        {%- endif %}
    {%- endfor %}
{%- endif %}

{%- set columns = [
    'mart', 'metric', 'definition', 'additivity', 'not_over', 'clock', 'refund_treatment', 'data_type', 'platform_lens', 'owner',
] %}

select
    {%- for name in columns %}
    cast({{ name }} as {{ t('text') }}) as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from (
    values
    {%- for mart, node, column, meta in rows %}
    (
        {{ quoted([
            mart, column.name, column.description, meta.additivity, column.meta.get('not_over'), meta.get('clock'),
            meta.get('refunds'), column.data_type, column.meta.get('lens'), node.config.meta.get('owner', 'operations'),
        ]) }}
    ){{ "," if not loop.last }}
    {%- endfor %}
    {%- if not rows %}
    ({{ quoted([none] * 10) }})
    {%- endif %}
) as metrics ({{ columns | join(', ') }})
where mart is not null
