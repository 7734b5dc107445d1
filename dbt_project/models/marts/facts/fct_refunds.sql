{{ config(**rebuilt(["{{ in_changed_orders('held') }}", "{{ in_refunds_to_write('held') }}"])) }}
select
    platform,
    account_id,
    store_id,
    refund_id,
    order_id,
    line_id,
    buyer_key,
    refund_state,
    refund_type,
    reason,
    is_disputed,
    is_platform_decided,
    exclude_reason,
    is_counted,
    is_linked,
    is_amount_missing,
    requested_at,
    refunded_at,
    refund_date,
    order_paid_date,
    currency,
    store_currency,
    rate_to_reporting,
    cast(refund_units as decimal(18, 4)) as refund_units,
    {%- for suffix in ['_orig', '_store', '', '_cohort'] %}
    {%- for part in ['goods', 'shipping', 'tax', 'other'] %}
    cast(refund_{{ part }}{{ suffix }} as decimal(18, 2)) as refund_{{ part }}{{ suffix }},
    {%- endfor %}
    cast(refund_goods{{ suffix }} + refund_shipping{{ suffix }} + refund_tax{{ suffix }} as decimal(18, 2)) as refund_amount{{ suffix }},
    {%- endfor %}
    cast(refund_over_paid_orig as decimal(18, 2)) as refund_over_paid_orig
from {{ ref('int_refunds') }} as refunds
{% if only_changes() -%}
where {{ in_refunds_to_write('refunds') }}
{%- endif %}
