{#
  A refund is told twice, by the order that carries it and by the shop's list of refunds; neither is complete by
  itself (a refund need not move its order's modified time; the list is missing in old shops). Amount is positive,
  lines are negative. A refund of an amount only has no lines and says nothing of its parts.
#}
{%- set told = [
    ('order', 'base_woocommerce__orders', 'latest.record_key', 'refund'),
    ('list', 'base_woocommerce__refunds', 'latest.record.parent_id', 'latest.record'),
] -%}

with
{% for source, base, order_id, refund in told %}
told_by_{{ source }} as (
    select
        latest.account_id,
        latest.load_id,
        {{ 1 if source == 'order' else 2 }} as precedence,
        {{ order_id }} as order_id,
        {{ refund }}.id as refund_id,
        {{ refund }}.reason as reason,
        {{ parse_instant(refund ~ '.date_created_gmt') }} as refunded_at,
        {{ money(refund ~ '.amount') }} as refund_amount,
        {{ array_length(refund ~ '.line_items') }}
            + {{ array_length(refund ~ '.shipping_lines') }}
            + {{ array_length(refund ~ '.fee_lines') }} as part_count,
        {{ array_length(refund ~ '.line_items') }} as line_count,
        {{ refund }}.line_items as line_items,
        -coalesce({{ array_sum(refund ~ '.line_items', 'line', money('line.quantity')) }}, 0) as quantity,
        -coalesce({{ array_sum(refund ~ '.line_items', 'line', money('line.total')) }}, 0) as goods,
        -coalesce({{ array_sum(refund ~ '.shipping_lines', 'charge', money('charge.total')) }}, 0)
            - coalesce({{ array_sum(refund ~ '.fee_lines', 'charge', money('charge.total')) }}, 0) as shipping_and_fees,
        -coalesce({{ array_sum(refund ~ '.line_items', 'line', money('line.total_tax')) }}, 0)
            - coalesce({{ array_sum(refund ~ '.shipping_lines', 'charge', money('charge.total_tax')) }}, 0)
            - coalesce({{ array_sum(refund ~ '.fee_lines', 'charge', money('charge.total_tax')) }}, 0) as tax
    from {{ ref(base) }} as latest
    {% if source == 'order' %}{{ explode('latest.record.refunds_detail', 'refund') }}{% endif %}
),
{% endfor %}
told as (
    select * from told_by_order
    union all
    select * from told_by_list
),

once as (
    select
        *,
        max(load_id) over (partition by account_id, refund_id) as last_load_id,
        row_number() over (
            partition by account_id, refund_id
            order by case when refund_amount is null then 1 else 0 end, part_count desc, precedence
        ) as choice
    from told
),

refunds as (
    select
        once.*,
        account.store_id,
        coalesce(parent.record.currency, account.currency) as currency,
        part_count > 0 and goods + shipping_and_fees + tax = refund_amount as is_split
    from once
    left join {{ source('raw_daybook', 'accounts') }} as account
        on once.account_id = account.account_id
    left join {{ ref('base_woocommerce__orders') }} as parent
        on once.account_id = parent.account_id and once.order_id = parent.record_key
    where choice = 1
),

{# The line of the order that a refund line is of stands in the refund line's meta data. #}
refunded_lines as (
    select
        refunds.account_id,
        refunds.refund_id,
        max(case when meta.key = '_refunded_item_id' then meta.value end) as line_id
    from refunds
    {{ explode('refunds.line_items', 'line') }}
    {{ explode('line.meta_data', 'meta') }}
    where refunds.line_count = 1 and refunds.part_count = 1
    group by refunds.account_id, refunds.refund_id
)

select
    'woocommerce' as platform,
    refunds.account_id,
    refunds.store_id,
    refunds.refund_id,
    nullif(refunds.order_id, '0') as order_id,
    refunded_lines.line_id,
    'success' as refund_state,
    {# The shop does not tell whether goods came back. #}
    'other' as refund_type,
    refunds.refunded_at as requested_at,
    refunds.refunded_at,
    refunds.refund_amount,
    case when refunds.is_split then cast(refunds.goods as decimal(18, 4)) end as refund_goods,
    case when refunds.is_split then cast(refunds.shipping_and_fees as decimal(18, 4)) end as refund_shipping,
    case when refunds.is_split then cast(refunds.tax as decimal(18, 4)) end as refund_tax,
    case when refunds.line_count > 0 then cast(refunds.quantity as decimal(18, 4)) end as quantity,
    nullif(refunds.reason, '') as reason,
    refunds.currency,
    refunds.last_load_id as load_id
from refunds
left join refunded_lines
    on refunds.account_id = refunded_lines.account_id and refunds.refund_id = refunded_lines.refund_id
